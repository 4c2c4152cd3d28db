package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/intake"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/clips"
	"songshui.internal/services/media/internal/papers"
	"songshui.internal/services/media/internal/sniff"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/media/server"
)

// TestLimitsInWords holds the limits that the API's description names against those that are checked.
func TestLimitsInWords(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, row := range []string{
		fmt.Sprintf("| image | %d MiB, %d megapixels, %d megapixels over all frames |", sniff.MaxImage>>20, sniff.MaxPixels/1_000_000, sniff.MaxFramePixels/1_000_000),
		fmt.Sprintf("| animation | %d frames |", sniff.MaxFrames),
		fmt.Sprintf("| metadata of an image | %d MiB |", sniff.MaxMetadata>>20),
		fmt.Sprintf("| video | %d GiB, %d h |", int64(sniff.MaxVideo)>>30, clips.MaxDuration/time.Hour),
		fmt.Sprintf("| audio | %d MiB |", sniff.MaxAudio>>20),
		fmt.Sprintf("| PDF | %d MiB, %d pages |", sniff.MaxDocument>>20, papers.MaxPages),
		fmt.Sprintf("| media of a case | %d |", intake.MaxMedia),
		fmt.Sprintf("| name | %d characters |", media.MaxName),
		fmt.Sprintf("| areas to hide | %d of a medium |", events.MaxAreas),
		fmt.Sprintf("its uploads under way | %d GiB,", server.DefaultLimits().Quota>>30),
		fmt.Sprintf("| uploads that an office begins | %.0f a second, %.0f at once", server.DefaultLimits().Begun, server.DefaultLimits().BegunBurst),
		fmt.Sprintf("| bytes that an office sends | %.0f MiB a second, %.0f GiB at once", server.DefaultLimits().Bytes/(1<<20), server.DefaultLimits().BytesBurst/(1<<30)),
		fmt.Sprintf("| upload without a new byte | %d days |", media.UploadAge/day),
		fmt.Sprintf("| medium that no case has taken | %d days |", media.UntakenAge/day),
	} {
		if !strings.Contains(mediaapi.Limits, row) {
			t.Errorf("not in the description: %s", row)
		}
	}
}
