"""The section `server:` of refdesk.yaml, and the file that `refdesk init` writes."""
