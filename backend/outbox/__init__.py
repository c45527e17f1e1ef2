"""Work that must follow a commit, written inside it; the relay hands it to RQ."""
