"""Two runs side by side: intervals, significance, wins and losses, and the gate."""
