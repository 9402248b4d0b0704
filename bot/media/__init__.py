"""Reference images, and posters of videos: decoded in processes of their own."""
