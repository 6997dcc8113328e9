package config

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"sidegate/internal/identity"
	"sidegate/internal/mail"
)

// Validate says whether the settings can be run together. The error joins everything that is wrong; each sentence
// begins with the flag, variable, line or key to look at and quotes its value.
func (c *Config) Validate() error {
	var errs []error
	fault := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", c.where(key), fmt.Sprintf(format, args...)))
	}
	c.checkValues(fault)
	c.checkTransport(fault)
	c.checkPeers(fault)
	c.checkTimes(fault)
	if c.Program == Coordinator {
		c.checkSpool(fault)
	}
	return errors.Join(errs...)
}

type faultFunc func(key, format string, args ...any)

// checkValues holds every value against the rules for its text, for settings that were not read from text.
func (c *Config) checkValues(fault faultFunc) {
	copied := *c
	for _, s := range Settings(c.Program) {
		if s.Key == "role" && c.Spool.Role == "" {
			continue // missing is not the same as wrong; see checkSpool
		}
		if err := s.field(&copied).set(s.field(c).get()); err != nil {
			fault(s.Key, "%v", err)
		}
	}
	if c.Data == "" {
		fault("data", "wants a directory")
	}
}

// checkTransport decides between certificates and plaintext.
func (c *Config) checkTransport(fault faultFunc) {
	addresses := []string{c.Listen}
	for _, p := range c.Peers {
		addresses = append(addresses, p.Address)
	}
	if _, port, _ := net.SplitHostPort(c.HTTP); c.HTTP == c.Listen && port != "0" {
		fault("http", "%q is where gRPC is served already, as listen says", c.HTTP)
	}
	switch {
	case c.InsecureDev && c.TLSDir != "":
		fault("insecure-dev", "cannot stand together with tls-dir %q", c.TLSDir)
	case c.InsecureDev:
		if c.HTTP != "" {
			addresses = append(addresses, c.HTTP)
		}
		for _, address := range addresses {
			if identity.CheckLoopback(address) != nil {
				fault("insecure-dev", "refused because %q is not a loopback address: everything would be in the clear and every caller trusted", address)
			}
		}
	case c.TLSDir == "":
		for _, address := range addresses {
			if identity.CheckLoopback(address) != nil {
				fault("tls-dir", "wants a directory of certificates because %q is not a loopback address; %s pki init DIR makes one", address, c.Program)
			}
		}
	}
}

// UsesLocalPKI reports whether the program is to make its own certificates in LocalPKI: it was told neither --tls-dir
// nor --insecure-dev, which Validate allows on loopback.
func (c *Config) UsesLocalPKI() bool { return c.TLSDir == "" && !c.InsecureDev }

func (c *Config) checkPeers(fault faultFunc) {
	checkURI := func(key, uri string) {
		switch id, err := c.Mappings.Parse(uri); {
		case err != nil:
			fault(key, "%v", err)
		case !id.Is(identity.Peer):
			fault(key, "%q has role %s, and only a peer is an end of a link", uri, id.Role)
		}
	}
	seen := map[string]bool{}
	for _, p := range c.Peers {
		if seen[p.Address] {
			fault("peer", "%q is named twice", p.Address)
		}
		seen[p.Address] = true
		if p.Address == c.Listen {
			fault("peer", "%q is where this end listens itself", p.Address)
		}
		if p.URI != "" {
			checkURI("peer", p.URI)
		}
	}
	for _, uri := range c.AcceptPeers {
		checkURI("accept-peer", uri)
	}
}

func (c *Config) checkTimes(fault faultFunc) {
	if c.Late <= c.Heartbeat {
		fault("late", "%s must be longer than heartbeat %s", FormatDuration(c.Late), FormatDuration(c.Heartbeat))
	}
	if c.Down <= c.Late {
		fault("down", "%s must be longer than late %s", FormatDuration(c.Down), FormatDuration(c.Late))
	}
}

// checkProxies looks for places of proxies that belong to somebody else: the old programs told of that as errors 68 and 80
// without a word of who it was (KB Q96605, Q109444).
func (c *Config) checkProxies(fault faultFunc) {
	s := c.Spool
	none := mail.Postoffice{}
	switch {
	case s.Proxy == none && len(s.ProxyAliases) > 0:
		fault("proxy-alias", "%q is a former place of proxies, but proxy names none", s.ProxyAliases[0])
	case s.Proxy != none && s.Role == "pc":
		fault("proxy", "%q is for a spool with a PC half behind it, role mac or drain; the Macintosh half takes addresses as they are", s.Proxy)
	}
	key := "proxy"
	for _, place := range append([]mail.Postoffice{s.Proxy}, s.ProxyAliases...) {
		for _, p := range c.Serves {
			if place != none && p.Fixed() > 0 && p.Match(place.Address("X")) {
				fault(key, "%q is where proxies stand, and serves %q says that people behind the spool live there", place, p.String())
			}
		}
		key = "proxy-alias"
	}
	for i, alias := range s.ProxyAliases {
		if alias == s.Proxy || slices.Contains(s.ProxyAliases[:i], alias) {
			fault("proxy-alias", "%q is named twice", alias)
		}
	}
}

func (c *Config) checkSpool(fault faultFunc) {
	s := c.Spool
	if s.Dir == "" {
		fault("spool", "wants the directory of the spool")
	}
	if s.Role == "" {
		fault("role", "wants pc, mac or drain: which half the coordinator is on this spool")
	}
	if s.Role == "drain" && len(c.Serves) > 0 {
		fault("serves", "%q cannot stand together with role drain, which writes nothing into the spool", c.Serves[0].String())
	}
	if s.ReserveSlot1 && (s.Aging == 0 || s.BlockingFactor < 2) {
		fault("reserve-slot1", "wants aging above 0s and a blocking factor of 2 at least; they are %s and %d", FormatDuration(s.Aging), s.BlockingFactor)
	}
	c.checkProxies(fault)
	if s.MaxSize > c.MaxMessageBytes {
		fault("max-size", "%s is more than max-message-bytes %s", FormatSize(s.MaxSize), FormatSize(c.MaxMessageBytes))
	}
}
