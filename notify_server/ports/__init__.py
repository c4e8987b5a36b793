"""What the line needs from the outside, as Protocols; adapters stand in the edge packages."""
