package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v3"

	"sidegate/internal/config"
	"sidegate/internal/identity"
)

func (a *app) pki() *urfave.Command {
	return a.group("pki", "make certificates with a small local authority", a.pkiInit(), a.pkiIssue())
}

func ownerFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.StringSliceFlag{Name: "san", Usage: "further DNS `NAME` or IP address of services; may be repeated"},
		&urfave.StringFlag{Name: "service-owner", Usage: "give the services' directories to `UID:GID`"},
		&urfave.StringFlag{Name: "client-owner", Usage: "give the clients' directories to `UID:GID`"},
	}
}

func (a *app) pkiInit() *urfave.Command {
	return a.command(spec{
		name: "init", usage: "make an authority, or bring one up to date", args: "DIR",
		about: `Makes a small authority below DIR and a directory of certificates for every service (pcside, macside, coordinator)
and for three clients (user, operator, monitor), each ready for --tls-dir. It may be repeated at will: certificates
that are worn are renewed, authorities are never replaced.

Example:
  $P pki init ./pki
  $P serve --tls-dir ./pki/$P
  $P status --tls-dir ./pki/operator`,
		flags: append(ownerFlags(), &urfave.StringSliceFlag{Name: "service", Usage: "`NAME` of a service; default: the three programs; may be repeated"}, a.outputFlag()),
		do: func(_ context.Context, c *call) error {
			return c.issuing(func(o identity.PKIOptions) ([]identity.Issued, error) { return identity.Init(c.args[0], o) })
		},
	})
}

func (a *app) pkiIssue() *urfave.Command {
	return a.command(spec{
		name: "issue", usage: "make one more certificate", args: "NAME",
		about: `Makes the certificate of one more user, operator, monitor or peer in a directory of that name beside the others.

Example:
  $P pki issue ann --pki ./pki --role user`,
		flags: append(ownerFlags(),
			&urfave.StringFlag{Name: "pki", Usage: "`DIR` that pki init made", Value: "pki"},
			&urfave.StringFlag{Name: "role", Usage: "user, operator, monitor or peer as `ROLE`", Value: string(identity.User)},
			a.outputFlag()),
		do: func(_ context.Context, c *call) error {
			return c.issuing(func(o identity.PKIOptions) ([]identity.Issued, error) {
				leaf, err := c.leaf()
				if err != nil {
					return nil, err
				}
				issued, err := identity.Issue(c.cmd.String("pki"), leaf, o)
				return []identity.Issued{issued}, err
			})
		},
	})
}

// leaf is what pki issue is told to make a certificate for.
func (c *call) leaf() (identity.Leaf, error) {
	leaf := identity.Leaf{Name: c.args[0], Role: identity.Role(c.cmd.String("role"))}
	if _, err := identity.Parse(identity.URI(leaf.Role, leaf.Name)); err != nil {
		return leaf, usagef("%v", err)
	}
	if leaf.SANs = c.cmd.StringSlice("san"); len(leaf.SANs) > 0 && leaf.Role != identity.Peer {
		return leaf, usagef("--san is for --role peer: nobody dials a %s", leaf.Role)
	}
	return leaf, nil
}

// issuing runs a command that makes certificates, and lists them.
func (c *call) issuing(issue func(identity.PKIOptions) ([]identity.Issued, error)) error {
	out, err := c.printer()
	if err != nil {
		return err
	}
	options, err := c.pkiOptions()
	if err != nil {
		return err
	}
	issued, err := issue(options)
	if err != nil {
		return err
	}
	return out.issued(issued)
}

func (c *call) pkiOptions() (identity.PKIOptions, error) {
	o := identity.PKIOptions{ServiceSANs: c.cmd.StringSlice("san"), Services: c.cmd.StringSlice("service")}
	if len(o.Services) == 0 {
		o.Services = nil
	}
	for flag, at := range map[string]**identity.Owner{"service-owner": &o.ServiceOwner, "client-owner": &o.ClientOwner} {
		given := c.cmd.String(flag)
		if given == "" {
			continue
		}
		owner, err := parseOwner(given)
		if err != nil {
			return o, usagef("--%s %v", flag, err)
		}
		*at = owner
	}
	return o, nil
}

// parseOwner reads UID:GID.
func parseOwner(text string) (*identity.Owner, error) {
	user, group, ok := strings.Cut(text, ":")
	uid, uerr := strconv.ParseUint(user, 10, 31)
	gid, gerr := strconv.ParseUint(group, 10, 31)
	if !ok || uerr != nil || gerr != nil {
		return nil, fmt.Errorf("%q is not UID:GID", text)
	}
	return &identity.Owner{UID: int(uid), GID: int(gid)}, nil
}

// issued lists certificates.
func (p *printer) issued(list []identity.Issued) error {
	rows := make([]row, len(list))
	for i, is := range list {
		until := is.NotAfter.UTC().Format(time.RFC3339)
		rows[i] = row{struct {
			Directory string `json:"directory"`
			URI       string `json:"uri"`
			NotAfter  string `json:"notAfter"`
			Action    string `json:"action"`
		}{is.Dir, is.Identity.URI, until, string(is.Action)},
			[]cell{text(string(is.Action)), text(is.Dir), text(is.Identity.URI), text(until)}}
	}
	return p.list(columns("", "DIRECTORY", "IDENTITY", "UNTIL"), rows, "")
}

// ownCertificates makes the user's own authority and tells the settings to use it, when serve was told neither
// --tls-dir nor --insecure-dev.
func (c *call) ownCertificates(settings *config.Config) error {
	if !settings.UsesLocalPKI() {
		return nil
	}
	dir := config.LocalPKI(c.streams.Env)
	services := identity.DefaultServices()
	if _, err := identity.Init(dir, identity.PKIOptions{Services: services}); err != nil {
		return err
	}
	settings.TLSDir = filepath.Join(dir, c.program.Name)
	c.complain("%s: serve: certificates of this user's own authority: %s (see %s pki init --help)", c.program.Name, settings.TLSDir, c.program.Name)
	return nil
}
