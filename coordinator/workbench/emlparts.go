package workbench

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-message"

	"sidegate/coordinator/mmff"
)

// maxParts bounds the parts of one message; what is beyond is not taken apart.
const maxParts = 100

// readParts takes a message apart, parts within parts included, and reports whether all of it could be read. problem is what
// the reader said of the whole.
func (c *conversion) readParts(m *mmff.Message, whole *message.Entity, problem error) (complete bool) {
	complete = true
	var open []message.MultipartReader // the innermost last
	part, haveBody, seen := whole, false, 0
	for n := 1; ; {
		inside := part.MultipartReader()
		_, params, err := part.Header.ContentType()
		switch {
		case inside != nil && (err != nil || params["boundary"] == ""):
			c.lose("part %d is called multipart and does not say where its parts begin; it is taken for a text", n)
			complete = false
			fallthrough
		case inside == nil:
			sound, isBody := c.readPart(m, part, n, problem, haveBody)
			complete, haveBody, n = complete && sound, haveBody || isBody, n+1
		default:
			open = append(open, inside)
		}
		if seen++; seen > maxParts {
			c.lose("only the first %d parts are taken apart", maxParts)
			return false
		}
		for part = nil; part == nil && len(open) > 0; {
			part, problem = open[len(open)-1].NextPart()
			switch {
			case errors.Is(problem, io.EOF) && part == nil:
				open = open[:len(open)-1]
			case part == nil:
				c.lose("what stands behind part %d cannot be read: %v", n-1, problem)
				return false
			}
		}
		if part == nil {
			return complete
		}
	}
}

// readPart takes the nth part as the body, or as an attachment.
func (c *conversion) readPart(m *mmff.Message, part *message.Entity, n int, problem error, haveBody bool) (sound, isBody bool) {
	sound = true
	if problem != nil {
		c.lose("part %d is taken as it is: %v", n, problem)
	}
	content, err := io.ReadAll(part.Body)
	if err != nil {
		c.lose("part %d is damaged, %d bytes of it could be read: %v", n, len(content), err)
		sound = false
	}
	if !haveBody && isText(&part.Header) {
		text := visible(string(lines(content)))
		m.Body = []byte(strings.ReplaceAll(c.encode("the text", text), "\n", c.eol.Sequence()))
		return sound, true
	}
	what := fmt.Sprintf("the name of part %d", n)
	name := c.encode(what, c.oneLine(what, partName(&part.Header, n)))
	m.Attachments = append(m.Attachments, mmff.Attachment{Name: name, Size: int64(len(content)), Content: content})
	return sound, false
}

// isText reports whether a part can be the text of a message. One that is called multipart comes here only when it is not.
func isText(h *message.Header) bool {
	disposition, _, _ := strings.Cut(h.Get("Content-Disposition"), ";")
	kind, _, err := h.ContentType()
	return !strings.EqualFold(strings.TrimSpace(disposition), "attachment") && (err != nil || kind == "text/plain" || strings.HasPrefix(kind, "multipart/"))
}

// partName is what a part is called, or a name that says where it stood and of what kind it is.
func partName(h *message.Header, n int) string {
	for _, from := range [][2]string{{"Content-Disposition", "filename"}, {"Content-Type", "name"}} {
		if name := strings.TrimSpace(parameterOf(h.Get(from[0]), from[1])); name != "" {
			return name
		}
	}
	extension := "DAT"
	switch kind, _, _ := h.ContentType(); kind {
	case "text/plain":
		extension = "TXT"
	case "text/html":
		extension = "HTM"
	case "message/rfc822":
		extension = "EML"
	}
	return fmt.Sprintf("PART%d.%s", n, extension)
}
