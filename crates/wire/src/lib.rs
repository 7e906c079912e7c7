//! Bytes to HTTP messages and back, as server and as client, without I/O.
