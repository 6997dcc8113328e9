package mappings

import (
	"fmt"
	"strings"
	"testing"

	"sidegate/internal/golden"
)

// published is the table of the first release, as KB Q76093 prints it, with the fault of KB Q76092 in it.
const published = "# MAPPINGS.TXT\r\n\r\n.TXT=Text file:TEXT:MSWD:Text\r\n.SIT=StuffIt file:SIT!:SIT!:Binary\r\n.HQX=BinHex:TEXT:BnHq:Text\r\n" +
	".DOC=Word:TEXT:MSWD:Binary\r\n.XLS=Excel:XLS3:XCEL:Binary\r\n.XLA=Excel add-in:XLA :XCEL:Binary\r\n.XLT=Excel template:sLM3:XCEL:Binary\r\n" +
	".WK1=Lotus:TEXT:XCEL:Text\r\n.MPP=Project:MPP :MSPJ:Binary\r\n.PM3=PageMaker:ALB3:ALD3:Binary\r\n.DBF=FoxBASE+:F+DB:FOX+:Binary\r\n.C=C source:TEXT:MPS :Text\r\n"

// inputs are tables as administrators left them.
func inputs() map[string][]byte {
	good := ".A=one:TEXT:MSWD:Text\n.B=two:BINA:MDOS:Binary\n"
	lines := func(n int, line string) string { return strings.Repeat(line+"\n", n) }
	files := map[string]string{
		"published":             published,
		"published-lf":          strings.ReplaceAll(published, "\r\n", "\n"),
		"published-cr":          strings.ReplaceAll(published, "\r\n", "\r"),
		"stuffit-commented-out": strings.ReplaceAll(published, ".SIT", "#.SIT"),  // KB Q157948
		"pdf-added":             published + ".PDF=Acrobat:TEXT:CARO:Binary\r\n", // KB Q76093
		"nothing":               "",
		"comments-only":         "# one\n  # two\n\n",
		"end-mark":              good + "\x1A",
		"byte-order-mark":       "\xEF\xBB\xBF" + good,
		"no-last-line-end":      strings.TrimSuffix(good, "\n"),
		"lower-case":            ".txt=text:TEXT:MSWD:text\n.ini=settings:TEXT:MSWD:ANSI\n.bin=x:BINA:MDOS:BINARY\n",
		"blanks":                "  .A  =  one  :TE  : M  : Text  \n",
		"short-codes":           ".A=x:T::Text\n",
		"mac-roman-codes":       ".A=x:\xA5\xA5\xA5\xA5:\xF0\xF0\xF0\xF0:Binary\n",
		"bad-no-dot":            good + "TXT=Text:TEXT:MSWD:Text\n",
		"bad-colons":            good + ".C=a:b:TEXT:MSWD:Text\n.D=TEXT:MSWD:Text\n",
		"bad-kind":              good + ".C=c:TEXT:MSWD:Texts\n.D=d:TEXT:MSWD:\n",
		"bad-codes":             good + ".C=c:TEXTS:MSWD:Text\n.D=d:TE\tT:MSWD:Text\n",
		"bad-twice":             good + ".a=again:TEXT:MSWD:Text\n",
		"bad-extension":         good + ".=x:TEXT:MSWD:Text\n.A.B=x:TEXT:MSWD:Text\n.A/B=x:TEXT:MSWD:Text\n",
		"bad-two-on-a-line":     ".A=one:TEXT:MSWD:Text .B=two:BINA:MDOS:Binary\n",
		"bad-forty-faults":      lines(40, "nonsense"),
	}
	out := map[string][]byte{}
	for name, data := range files {
		out[name+".txt"] = []byte(data)
	}
	return out
}

// TestGolden has what each table is read as, and each fault with its line.
func TestGolden(t *testing.T) {
	golden.Inputs(t, "testdata", inputs())
	golden.Check(t, "testdata", 22, func(data []byte) string {
		table, err := Parse(data)
		if err != nil {
			return err.Error() + "\n"
		}
		var b strings.Builder
		for _, m := range table.List() {
			fmt.Fprintf(&b, "line %d: .%s %q, type %q, creator %q, %s\n", m.Line, m.Extension, m.Comment, m.Type[:], m.Creator[:], m.Kind)
		}
		return b.String()
	})
}
