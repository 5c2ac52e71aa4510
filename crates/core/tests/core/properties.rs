//! Random plans, prices and faults (later in this file).
