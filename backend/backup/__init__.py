"""The whole database in one file, and back. Knows tables and revisions, not what they hold."""
