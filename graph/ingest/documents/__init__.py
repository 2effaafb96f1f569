"""What a mail or a file says about money, read from its text."""
