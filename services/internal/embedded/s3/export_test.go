package s3

// Unsynced takes the durability out of a configuration, to show that the tests of it can fail.
func Unsynced(cfg Config) Config {
	cfg.unsynced = true
	return cfg
}

// Sidecar keeps metadata in files, as on a file system without extended attributes.
func Sidecar(cfg Config) Config {
	cfg.sidecar = true
	return cfg
}
