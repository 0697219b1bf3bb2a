"""The tools that come with Refdesk."""
