"""What a notification is: its content, its targets, one person's receipt of it, and the words for failure."""
