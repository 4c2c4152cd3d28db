package casepage

import (
	"strings"

	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
)

// cited is how an exposed case is referred to: its permanent address, a citation line in each language, and what machines read.
type cited struct {
	Address string
	// Chinese is after GB/T 7714-2015 (an electronic resource, EB/OL); English says the same in the manner of English papers.
	Chinese, English string
	Linked           map[string]any
}

// cite makes it; address is the case's permanent one, today the day of the reader's visit. A case that isn't exposed is cited by nobody and gives nil.
func cite(c shownCase, media []shownMedium, address, today string) *cited {
	if c.State != "exposed" || len(c.Exposures) == 0 {
		return nil
	}
	published, changed := c.Exposures[0].PublishedOn, ""
	for _, x := range c.Exposures {
		published = min(published, x.PublishedOn)
	}
	for _, x := range c.Corrections {
		changed = max(changed, x.On)
	}
	// Where a record was corrected, the standard's place for the day holds the day of the last correction.
	day := max(published, changed)
	return &cited{
		Address: address,
		Chinese: issuer(c.Office, messages.Chinese) + ". " + sentence(c.Title) + ": " + c.Ref + "[EB/OL]. (" + day + ")[" + today + "]. " + address + ".",
		English: issuer(c.Office, messages.English) + ". (" + shell.Day(day, messages.English) + "). " + sentence(c.Title) + " [Case " + c.Ref + "]. Retrieved " + shell.Day(today, messages.English) + ", from " + address,
		Linked:  linked(c, media, address, published, changed),
	}
}

// sentence leaves out the point at a title's end: the citation sets its own.
func sentence(title string) string { return strings.TrimRight(title, "。. ") }

func issuer(office string, l messages.Language) string {
	if l == messages.English {
		return "Work Safety Committee Office of " + messages.Term("office", office, l)
	}
	return messages.Term("office", office, l) + "安委会办公室"
}

// linked gives the case as schema.org describes a report, for programs that read pages (JSON-LD). It holds what the page shows.
func linked(c shownCase, media []shownMedium, address, published, changed string) map[string]any {
	origin := address[:strings.Index(address, "/cases/")]
	about := map[string]any{"@type": "Organization", "name": c.Enterprise.Name}
	if c.Enterprise.USCC != "" {
		about["identifier"] = c.Enterprise.USCC
	}
	if c.Enterprise.Address != "" {
		about["address"] = c.Enterprise.Address
	}
	d := map[string]any{
		"@context": "https://schema.org", "@type": "Report", "@id": address, "url": address, "reportNumber": c.Ref, "name": c.Title, "abstract": c.Summary, "datePublished": published,
		"publisher": map[string]any{"@type": "GovernmentOrganization", "name": issuer(c.Office, messages.Chinese)}, "about": about, "genre": messages.Term("sector", c.Sector, messages.Chinese),
	}
	var news, corrections []map[string]any
	for _, x := range c.Exposures {
		n := map[string]any{"@type": "NewsArticle", "headline": x.Headline, "datePublished": x.PublishedOn, "publisher": map[string]any{"@type": "Organization", "name": x.Outlet}}
		if x.URL != "" {
			n["url"] = x.URL
		}
		news = append(news, n)
	}
	d["citation"] = news
	for _, x := range c.Corrections {
		corrections = append(corrections, map[string]any{"@type": "CorrectionComment", "text": x.Reason, "datePublished": x.On})
	}
	if changed != "" {
		d["dateModified"], d["correction"] = changed, corrections
	}
	var pictures []string
	for _, m := range media {
		if m.Kind == "image" && m.Large != "" && m.State == "cleared" {
			pictures = append(pictures, origin+m.Large)
		}
	}
	if len(pictures) > 0 {
		d["image"] = pictures
	}
	return d
}
