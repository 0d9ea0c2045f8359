"""The lines of the table, a file each part of the house."""
