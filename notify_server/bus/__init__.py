"""What connects nodes."""
