package mmff

import "strings"

func padded() class {
	m := mailText("\r\n", full, "text\r\n")
	return class{"padding", "Mail with bytes around it that mean nothing.", []sample{
		{"trailing-lines", m + "\r\n\r\n", KindMail},
		{"trailing-eof-mark", m + "\x1A", KindMail},
		{"trailing-nuls", m + strings.Repeat("\x00", 100), KindMail},
		{"leading-lines", "\r\n\r\n" + m, KindMail},
		{"byte-order-mark", byteOrderMark + m, KindMail},
		{"blank-header-line", lines("\r\n", with(envelope, "")...) + "TEXT:1\r\nx", KindMail},
	}}
}

func charsets() class {
	return class{"charsets", "The same words in the code pages of the time: bytes are kept as they are.", []sample{
		{"macroman", mailText("\r", with(envelope, "SUBJECT:Gr\x9F\xA7e aus M\x9Fnchen \xA5"), "\x8F\x8E\x88\r"), KindMail},
		{"cp850", mailText("\r\n", with(envelope, "SUBJECT:Gr\x81\xE1e aus M\x81nchen"), "\x8A\x82\x85\r\n"), KindMail},
		{"cp437", mailText("\r\n", with(envelope, "SUBJECT:\x9C 100 \xE0"), "\xC4\xC4\xC4\r\n"), KindMail},
		{"cp1252", mailText("\r\n", with(envelope, "SUBJECT:\x93quoted\x94 \x80 5"), "\xE9\xE8\r\n"), KindMail},
		{"utf8", mailText("\r\n", with(envelope, "SUBJECT:Grüße"), "é\r\n"), KindMail},
		{"all-bytes-body", mailText("\r\n", envelope, everyByte()), KindMail},
	}}
}

func everyByte() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}

func controls() class {
	return class{"controls", "Control characters in header values: kept and noted, never a line end of ours (KB Q141970).", []sample{
		{"cr-in-subject", mailText("\r\n", with(envelope, "SUBJECT:one\rtwo"), "text"), KindMail},
		{"lf-in-subject", mailText("\r\n", with(envelope, "SUBJECT:one\nTO:x/y/z"), "text"), KindMail},
		{"cr-in-subject-lf", mailText("\n", with(envelope, "SUBJECT:one\rtwo"), "text"), KindMail},
		{"nul-in-subject", mailText("\r\n", with(envelope, "SUBJECT:one\x00two"), "text"), KindMail},
		{"tab-in-subject", mailText("\r\n", with(envelope, "SUBJECT:one\ttwo"), "text"), KindMail},
		{"nul-in-address", mailText("\r\n", with(envelope, "TO:a/b/c\x00d"), "text"), KindMail},
		{"nul-in-name", mailText("\r\n", with(envelope, "ATTACHMENT:a\x00b 1"), "", "x"), KindMail},
		{"cr-in-path", mailText("\r\n", with(envelope, "XATTACH:a\rb"), ""), KindBad},
	}}
}

func repeats() class {
	return class{"repeats", "Fields that may stand once standing twice: the first counts, the others are kept.", []sample{
		{"subject", mailText("\r\n", with(full, "SUBJECT:Dinner"), "text"), KindMail},
		{"from", mailText("\r\n", with(full, "FROM:a/b/c"), "text"), KindMail},
		{"date-time", mailText("\r\n", with(full, "DATE:1995-01-01", "TIME:00:00"), "text"), KindMail},
		{"empty-first", mailText("\r\n", with(envelope, "SUBJECT:", "SUBJECT:Dinner"), "text"), KindMail},
		{"same-recipient", mailText("\r\n", with(full, full[1]), "text"), KindMail},
		{"version", lines("\r\n", "VERSION:3.00") + mailText("\r\n", full, "text"), KindBad},
	}}
}

func unknownTokens() class {
	return class{"unknown-tokens", "Tokens nobody published are kept; what cannot be a token is error 141, a line without colon 144 (KB Q85043).", []sample{
		{"kept", mailText("\r\n", with(full, "MESSAGE-ID:4711", "X_FLAG:"), "text"), KindMail},
		{"high-bytes", mailText("\r\n", with(full, "\x8Aber:x"), "text"), KindBad},
		{"sentence", mailText("\r\n", with(full, "Dear John: hello"), "text"), KindBad},
		{"no-name", mailText("\r\n", with(full, ":x"), "text"), KindBad},
		{"no-colon", mailText("\r\n", with(full, "hello"), "text"), KindBad},
		{"many-errors", mailText("\r\n", with(full, strings.Split(strings.Repeat("hello\n", 40), "\n")...), "text"), KindBad},
	}}
}
