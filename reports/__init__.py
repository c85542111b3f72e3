"""What people see of a run: figures, tables and the one-page summary. Frames in, text and bytes out."""
