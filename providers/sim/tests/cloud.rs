//! What the simulated cloud does: strictness, blackouts, batches, waits, and its ledger.
