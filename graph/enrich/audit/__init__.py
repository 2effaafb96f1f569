"""What auditors look for besides double payments: reasons to look, never accusations."""
