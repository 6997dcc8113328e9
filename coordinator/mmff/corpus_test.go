package mmff

import (
	"fmt"
	"strings"
)

// A class is a set of input files with one thing in common, kept in a directory of testdata.
type class struct {
	dir, about string
	samples    []sample
}

// A sample is one input file and what it must be.
type sample struct {
	name string
	data string
	want Kind
}

// lines joins header lines, each with its line end.
func lines(eol string, l ...string) string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s + eol)
	}
	return b.String()
}

// envelope is the least a mail must have before TEXT.
var envelope = []string{"VERSION:3.00", "TO:CSI:MACNET/MACPO/T60009HO", "FROM:CSI:NET1/PO1/ADMIN"}

// full is the header of the published samples without attachments.
var full = append(envelope[:3:3], "DATE:1994-04-04", "TIME:13:10", "SUBJECT:Lunch", "PRIORITY:3")

// mailText is a mail with these header lines, a counted body and the contents of attachments.
func mailText(eol string, header []string, body string, contents ...string) string {
	return lines(eol, header...) + fmt.Sprintf("TEXT:%d", len(body)) + eol + body + strings.Join(contents, "")
}

// with appends header lines to a copy of header.
func with(header []string, more ...string) []string {
	return append(header[:len(header):len(header)], more...)
}

// in replaces the line ends of CR LF text.
func in(eol, text string) string { return strings.ReplaceAll(text, "\r\n", eol) }

const (
	fileBody = "Automatic File Transfer\r\n-----------------------\r\n\r\nUse Attachments/Save or FFAPI AppGet -w to save.\r\n\r\n" +
		"Attached files:\r\n---------------\r\n\r\nconfig.sys\r\n"
	fileContent = "DEVICE=C:\\WIN\\HIMEM.SYS\r\nDOS=HIGH,UMB\r\nFILES=35\r\nBUFFERS=20\r\nLASTDRIVE=Z\r\n\r\n" +
		"DEVICE=C:\\WIN\\EMM386.EXE NoEMS x=d800-dfff\r\ndevicehigh=c:\\dos\\ansi.sys\r\n\r\nSTACKS=9,256\r\nFCBS=20,0\r\n\r\n" +
		"device=C:\\WIN\\protman.dos /i:C:\\WIN\r\ndevice=C:\\WIN\\workgrp.sys\r\ndevice=C:\\WIN\\ubnei.dos\r\ndevice=C:\\WIN\\ubxps.dos\r\n"
)

// fileTransfer is the sample of KB Q103801 with any line end and any counts.
func fileTransfer(eol string, text, attachment int) string {
	return lines(eol, "VERSION:3.00", "TO:CSI:COMPANY/DEPT/jsmith", "FROM:CSI:COMPANY/DEPT/sjones", "DATE:1992-11-29", "TIME:23:44",
		"SUBJECT:Automatic File Transfer (1 files)", "PRIORITY:F", fmt.Sprintf("ATTACHMENT:config.sys %d", attachment),
		fmt.Sprintf("TEXT:%d", text)) + in(eol, fileBody) + in(eol, fileContent)
}

// meeting is the sample of KB Q147034, completed: the article prints a part of it.
func meeting(headlen string) string {
	body := "FROM:    SMTP:WAMOZART@tinpanalley.com\r\n\r\nTO:      CSI:MUSIC/BLUEGRASS/JDOUGLAS\r\n\r\n" +
		"SUBJECT: This is the Subject Line\r\n\r\n" + strings.Repeat("-", 52) + "\r\n\r\nfirst\r\nsecond\r\nthird\r\n"
	return mailText("\r\n", []string{"VERSION:3.00", "TO:CSI:MUSIC/BLUEGRASS/JDOUGLAS", "FROM:SMTP:WAMOZART@tinpanalley.com",
		"SUBJECT:This is the Subject Line", fmt.Sprintf("EXT:I:%d:HEADLEN", len(headlen)+2), headlen}, body)
}

// corpus returns all classes. It is deterministic: the files of testdata are written from it.
func corpus() []class {
	return []class{
		vectors(), lineEnds(), fieldOrder(), optional(), attachments(), outside(), extended(), addresses(), twoMessages(), padded(),
		charsets(), controls(), repeats(), unknownTokens(), truncated(), overrun(), misaligned(), leftover(), damaged(), headless(),
		handshakes(), nearHandshakes(), foreign(), cases(), codePages(), numbers(), offByOne(), mended(), limits(),
	}
}
