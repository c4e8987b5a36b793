"""What a cluster of nodes costs, process by process."""
