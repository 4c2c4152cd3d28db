package mediaapi

// Limits are those of media in words, each with its reason, for the description of the HTTP interface. A test holds the figures against the checks.
const Limits = `Limits of media:

| what | limit | because |
|---|---|---|
| image | 50 MiB, 100 megapixels, 400 megapixels over all frames | above the cameras in use lie only files made to exhaust a decoder |
| animation | 5000 frames | each costs some milliseconds, however small it is |
| metadata of an image | 2 MiB | cameras write below 200 KB |
| video | 4 GiB, 3 h | a broadcast with room; 32-bit box sizes end there |
| audio | 500 MiB | some ten hours of speech |
| PDF | 100 MiB, 500 pages | a scan of some hundred pages; a person looks through all of them |
| media of a case | 200 | a case's record stays below 192 KiB |
| name | 120 characters | longer ones are cut, with the suffix kept |
| areas to hide | 100 of a medium | a person marks them one by one |
| originals that an office keeps, and its uploads under way | 200 GiB, unless set otherwise (507 quota) | a campaign with some hundred clips |
| uploads that an office begins | 50 a second, 5000 at once (429) | a loop is slowed, a bulk submission isn't |
| bytes that an office sends | 64 MiB a second, 16 GiB at once (429) | one office's films don't keep the others waiting |
| upload without a new byte | 7 days | then it is removed |
| medium that no case has taken | 30 days | then it is released |
`
