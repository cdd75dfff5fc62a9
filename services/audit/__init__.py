"""What happened, proved: every event becomes a leaf of a Merkle tree under signed checkpoints."""
