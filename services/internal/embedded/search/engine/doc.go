// Package engine is the index below the HTTP of package search: documents, their columns and bitmaps, full text, filters, facets, order and highlights.
// It owns the files of one index (bbolt, the truth, synced at each commit; Bleve's segments, which can be made anew of it) and promises that a
// search never sees half a batch. Nothing in it speaks HTTP.
package engine
