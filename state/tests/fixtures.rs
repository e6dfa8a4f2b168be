//! Files that version 1 wrote still read, and are written again byte for byte.
