package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"songshui.internal/services/songshui/internal/bench"
)

// Bench measures the system against what it runs on.
type Bench struct {
	Only     string `help:"只测一项 one figure alone; a wrong name lists them"`
	JSON     string `name:"json" help:"JSON 结果 write the figures to this file too" type:"path"`
	Dir      string `help:"测试目录 work below this directory; the disk to measure" type:"path"`
	Seconds  int    `default:"20" help:"检索时延一项的秒数 how long cases come for the time until they are found"`
	Cases    int    `default:"20000" help:"重建索引的案例数 cases to rebuild and search"`
	MiB      int64  `name:"mib" default:"256" help:"上传大小 size of the upload in MiB"`
	Profiles string `help:"CPU 剖析目录 write a CPU profile of each measurement into this directory" type:"existingdir"`
}

// Run prints a table. A figure that falls short is marked in it; only what can't be measured is an error.
func (b *Bench) Run(ctx context.Context) error {
	dir, made, err := b.place()
	if err != nil {
		return err
	}
	if made {
		defer os.RemoveAll(dir)
	}
	c := bench.Defaults(dir)
	c.Only, c.Seconds, c.Cases, c.Bytes, c.Log = b.Only, b.Seconds, b.Cases, b.MiB<<20, os.Stderr
	// Paths are made absolute before the S3 gateway changes the working directory.
	if b.Profiles != "" {
		if c.Profiles, err = filepath.Abs(b.Profiles); err != nil {
			return err
		}
	}
	file := b.JSON
	if file != "" {
		if file, err = filepath.Abs(file); err != nil {
			return err
		}
	}
	r, failed := bench.Run(ctx, c)
	if err := r.Markdown(os.Stdout); err != nil {
		return err
	}
	if file != "" {
		data, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, append(data, '\n'), 0o600); err != nil {
			return err
		}
	}
	return failed
}

func (b *Bench) place() (dir string, made bool, err error) {
	if b.Dir == "" {
		dir, err = os.MkdirTemp("", "songshui-bench-")
		return dir, true, err
	}
	if dir, err = filepath.Abs(b.Dir); err != nil {
		return "", false, err
	}
	return dir, false, os.MkdirAll(dir, 0o700)
}
