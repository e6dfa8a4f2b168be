//! Tests of apply and recovery.

