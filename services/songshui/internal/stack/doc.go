// Package stack puts services and backings together in one process: `up` and `demo` with embedded backings on a directory,
// `run` with outside ones. The services can't tell which: they get a NATS connection, an S3 client and a search client.
//
// A directory of `up` holds nats/, objects/, search/, a lock that one process at a time holds, and admin.sock (mode 0600), through which
// the command line works beside a running system. All paths are made absolute before the S3 gateway starts, since it changes the working directory.
//
// An outside NATS server that alone holds the streams must sync before it acknowledges (`sync_interval: always`); CheckSynced reads that at its monitoring address and refuses another.
package stack
