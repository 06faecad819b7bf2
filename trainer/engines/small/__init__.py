"""The engine for tiny models on one device: GRPO and SFT through TRL, with a sampler and a forward pass of our own."""
