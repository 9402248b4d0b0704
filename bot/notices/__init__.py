"""What channels are told of their own accord: notices of single jobs, and digests."""
