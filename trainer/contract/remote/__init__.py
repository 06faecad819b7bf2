"""A training whose store is S3: it works in a folder of its node, and every write that counts is put to the store."""
