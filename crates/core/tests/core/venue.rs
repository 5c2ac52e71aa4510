//! A toy market (later in this file).
