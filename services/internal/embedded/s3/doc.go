// Package s3 runs an S3 server inside the process: versitygw on one directory, made durable.
//
// It owns Config.Dir. Below it lie objects (one directory per bucket, one file per object, metadata in extended attributes), attributes
// (metadata as files, only on a file system without extended attributes) and lock. Nothing is read or written outside Config.Dir, except that
// the working directory of the process changes: versitygw's posix backend addresses its files by relative paths, so opening it calls chdir. From
// this follow three rules. One server per process: a second Start fails with ErrOpen until the first was closed. Every other path
// of the program must be made absolute before Start. Nobody else may call chdir. A lock on the directory keeps a second process
// away (ErrLocked).
//
// # What it promises
//
// versitygw never syncs; this package does. A successful answer to put, copy, upload part, complete, abort, delete, bucket creation and removal,
// and to every change of an attribute (legal hold, retention, tags, bucket settings) means that the file, its attributes and every directory entry
// up to the root of the store are on disk. An object's bytes are synced before its name appears, so that a crash never leaves
// a name on half an object. When a sync fails, the request fails and every later write is refused with a 500 until the next
// start: after a failed fsync the kernel may have dropped the pages, and a second fsync that succeeds would prove nothing.
//
// Multipart uploads get three promises more than versitygw gives alone. Completions of one upload run one after the other, so success is never
// told while another call is still at work or about to fail. Completing an upload that doesn't exist is NoSuchUpload, even if the key holds another
// object. A part that arrives late, after completion or abort, is refused rather than bringing the upload back.
// An upload whose completion a crash interrupted is open again after Start, with all its parts.
//
// # What it doesn't do
//
// Versioning is off: a put replaces, a delete removes, and an object under legal hold can be neither replaced nor removed. Keys are
// paths: no segment above 255 bytes, and x and x/y can't both exist. User metadata above about 4 KB is refused. Trailing checksums
// (minio.Options.TrailingHeaders) are answered with BadDigest.
package s3
