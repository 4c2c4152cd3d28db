// Package bench measures Songshui against what it runs on: each figure and its raw peer come out of one run, on one machine, with the same settings, and where
// both can be alternated they are, in rounds, of which the medians count.
//
// What is measured and what must be reached is in the table of targets. Systems are whole ones (package stack) on temporary directories below Config.Dir; the
// clients run in the same process and are counted with ours. It writes nothing outside Config.Dir but the profiles that were asked for, and removes what it made.
// With SONGSHUI_TEST_MEILI_URL (and SONGSHUI_TEST_MEILI_KEY) set, whatever searches is measured on that Meilisearch in place of the embedded engine; its indexes “cases…” and “bench” are removed.
// What takes minutes (searching-many: 100,000 cases) is left out unless it is named. A figure that falls short is marked and is no error; one that can't be measured is an error in its row, and the others are measured all the same.
package bench
