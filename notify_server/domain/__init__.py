"""What a notification is: content, targets, one person's receipt, and the words for failure."""
