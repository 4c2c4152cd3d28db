// Package search is a search server inside the process. It speaks the part of Meilisearch's HTTP API (as of 1.50) that
// Songshui uses, so that archive works through meilisearch-go alike on it and on a Meilisearch of its own.
//
// It owns the directory it is given: store.db (bbolt: indexes, settings, documents, the number of the last task) and text/
// (one Bleve index for each index and generation of searchable attributes). It reads and writes nothing else and opens no
// port. Package engine holds everything below HTTP and tasks. Documents are stored compressed. Both kinds of files are mapped:
// what of them is resident can be taken back at any time; on the heap are the values to filter, sort and count by, about half a
// kilobyte for each of archive's documents.
//
// # What is spoken
//
//	GET  /health, /version, /stats
//	GET  /indexes · POST /indexes · GET, PATCH, DELETE /indexes/{uid} · GET /indexes/{uid}/stats · POST /swap-indexes
//	GET, PATCH, DELETE /indexes/{uid}/settings · GET, PUT, PATCH, DELETE /indexes/{uid}/settings/{setting}
//	POST /indexes/{uid}/documents (add or replace; JSON or NDJSON) · GET, DELETE /indexes/{uid}/documents
//	POST /indexes/{uid}/documents/fetch, /delete-batch, /delete · GET, DELETE /indexes/{uid}/documents/{id}
//	POST /indexes/{uid}/search · POST /multi-search (without federation) · GET /tasks, /tasks/{uid}
//
// Everything else is refused as Meilisearch refuses a bad request, {message, code, type, link}, with the code not_supported,
// which no Meilisearch gives: partial updates of documents (PUT), ranking scores, vectors, distinct, federation, facet search,
// routes of keys, dumps, task cancelling; CONTAINS with the code it has where it isn't enabled. Which settings are refused, and
// which are kept without effect, is at engine.Settings.Patch. With a key configured every route but /health wants it as bearer
// token; there are no other keys.
//
// # Search
//
// A query is split at blanks; each term is a phrase of its tokens in one attribute. Text is cut into overlapping pairs of
// characters for CJK and Hangul and into whole words otherwise, with case folded and nothing else: width, variants and
// traditional characters are for the caller to fold. A single CJK character finds every word it is in. The last word of a
// query also finds longer words; words of 5 and 9 letters (typoTolerance) allow one and two typos, and a Hangul word of five
// syllables and more one wrong syllable. "…" is taken literally, -word excludes. At most 512 characters and 64 terms count.
// Hits are ordered by rankingRules over words left out, typos, place of the matched attribute in searchableAttributes (all
// alike under "*"), exactness, sort, and at last by id. Nothing depends on how frequent a word is. proximity orders nothing,
// since a term's tokens stand side by side. Totals and facet counts are exact, totals up to pagination.maxTotalHits.
// _matchesPosition names searched attributes only; matches that touch are one, in it and in _formatted, where a crop counts
// words and single CJK characters. All queries of a multi-search are answered of one moment, on all cores; those with the same
// text under other filters look for it once. A filter may be 8 MiB long: a list of 100,000 ids.
//
// # Failure
//
// Tasks are applied in the order of their numbers; neighbouring ones that change documents of one index are applied as one
// batch. A batch is synced to store.db before Bleve gets it, and searches see it whole, when its tasks turn succeeded.
// After a crash a suffix of the tasks is missing at most: those not yet synced, whose numbers are given again. Opening mends
// Bleve from the store. A full disk fails the task; if Bleve fails after the store took the batch, the index refuses searches
// and writes until it is opened again. Tasks themselves are kept in memory, the last 10,000.
package search
