"""The phone pages: behind a poster, behind a login link, and a member's own."""
