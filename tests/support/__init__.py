"""What tests are made of: services, benches, samples."""
