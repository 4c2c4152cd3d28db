// Package personal finds what looks like a telephone or identity number in free text, so that a person can be warned before it is sent: names and telephones live with the accounts alone. It owns and reads
// nothing, and refuses nothing.
package personal

import "regexp"

// pattern looks like a mobile number, a fixed line with its area code, or an identity number (GB 11643).
var pattern = regexp.MustCompile(`(^|\D)(1[3-9]\d{9}|1[3-9]\d[- ]\d{4}[- ]\d{4}|0\d{2,3}[-－ ]?\d{7,8}|[1-9]\d{16}[\dXx])(\D|$)`)

// fewest is how many digits the shortest of them has; counting spares nearly every text the pattern.
const fewest = 10

// In says whether a text holds what looks like a telephone or identity number.
func In(s string) bool {
	digits := 0
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			digits++
		}
	}
	return digits >= fewest && pattern.MatchString(s)
}
