package cli

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// converted is what became of one file.
type converted struct {
	File   string   `json:"file"`
	Made   []string `json:"made"`
	Losses []string `json:"losses"`
	Error  string   `json:"error"`

	size int
}

// eachMessage converts every file named, and every file below the directories named, and reports on each. name says
// where the nth thing made of a file goes, put takes it there. When ctx ends, the report is of what was done until then.
func (c *call) eachMessage(ctx context.Context, name func(path string, n int) string, convert conversion, put func(path string, made []byte) error) error {
	out, err := c.printer()
	if err != nil {
		return err
	}
	o, err := c.mmffOptions()
	if err != nil {
		return err
	}
	files, size, err := below(c.args)
	if err != nil {
		return err
	}
	bar := c.progress("converting", size)
	defer bar.done()
	rows, bad := make([]row, 0, len(files)), false
	for _, path := range files {
		if ctx.Err() != nil {
			break
		}
		r := converted{File: path, Made: []string{}, Losses: []string{}}
		if err := c.convertFile(ctx, &r, o, name, convert, put); err != nil {
			r.Error, bad = err.Error(), true
		}
		bar.add(r.size)
		rows = append(rows, row{r, []cell{text(path), text(itoa(len(r.Made))), text(strings.Join(r.Losses, "; ")), {r.Error, red}}})
	}
	if err := out.list(columns("FILE", "MESSAGES", "LOST", "ERROR"), rows, "There is no file."); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if bad {
		return reported{exitFailed}
	}
	return nil
}

func (c *call) convertFile(ctx context.Context, r *converted, o MMFFOptions, name func(string, int) string, convert conversion, put func(string, []byte) error) error {
	data, err := c.messageFile(ctx, r.File)
	if err != nil {
		return err
	}
	r.size = len(data)
	made, losses, err := convert(data, o)
	if err != nil {
		return err
	}
	r.Losses = full(losses)
	for i, m := range made {
		path := name(r.File, i+1)
		if err := put(path, m); err != nil {
			return err
		}
		r.Made = append(r.Made, path)
	}
	return nil
}

// below lists the paths that are no directories and the regular files in those that are, in order, with their size in all.
// Hidden files, among them what the Finder leaves behind, are passed over in directories. - is standard input.
func below(paths []string) (files []string, size int64, err error) {
	for _, root := range paths {
		if root == "-" {
			files = append(files, root)
			continue
		}
		info, err := os.Stat(root)
		if err != nil {
			return nil, 0, err
		}
		if !info.IsDir() {
			files, size = append(files, root), size+info.Size()
			continue
		}
		err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case path != root && strings.HasPrefix(d.Name(), "."):
				if d.IsDir() {
					return fs.SkipDir
				}
			case d.Type().IsRegular():
				info, err := d.Info()
				if err != nil {
					return err
				}
				files, size = append(files, path), size+info.Size()
			}
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return files, size, nil
}
