package contract_test

import (
	"os"
	"testing"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/services/archive/contract"
	"songshui.internal/services/internal/embedded/search"
	"songshui.internal/services/internal/meili"
)

func TestEmbedded(t *testing.T) {
	t.Parallel()
	s, err := search.Start(t.Context(), search.Config{Dir: t.TempDir(), Key: "a key"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	contract.Run(t, contract.Engine{Client: s.Client(), As: s.As})
}

func TestMeilisearch(t *testing.T) {
	url := os.Getenv("SONGSHUI_TEST_MEILI_URL")
	if url == "" {
		t.Skip("left out: SONGSHUI_TEST_MEILI_URL names no Meilisearch")
	}
	t.Parallel()
	as := func(key string) meilisearch.ServiceManager {
		return meili.Connect(url, key)
	}
	under := contract.Engine{Client: as(os.Getenv("SONGSHUI_TEST_MEILI_KEY"))}
	if os.Getenv("SONGSHUI_TEST_MEILI_KEY") != "" {
		under.As = as
	}
	contract.Run(t, under)
}
