package cli

import (
	"context"
	"errors"
	"io"

	urfave "github.com/urfave/cli/v3"

	pb "sidegate/proto/sidegate/v1"
)

// proxyPiece is how much of a map of proxies is sent at a time.
const proxyPiece = 128 << 10

func (a *app) proxy() *urfave.Command {
	return a.group("proxy", "see, save and restore the proxy addresses of people of the other side",
		a.proxyList(), a.proxyExport(), a.proxyImport())
}

func (a *app) proxyList() *urfave.Command {
	return a.command(spec{
		name: "list", usage: "list proxy addresses and whom they stand for",
		about: `Lists the addresses by which the PC half knows people of the other side. Columns: proxy, state, address, since when. An
ID that is live is written and read; one that is there also is read only; one that is retired is neither, and never
comes to mean anybody else.

Example:
  $P proxy list`,
		flags: a.connection(),
		do: func(ctx context.Context, c *call) error {
			return c.listing(asOperator, func(out *printer, conn connection) error {
				client := pb.NewSpoolServiceClient(conn)
				list, err := pages(ctx, c, func(ctx context.Context, token string) ([]*pb.Proxy, string, error) {
					r, err := client.ListProxies(ctx, &pb.ListProxiesRequest{PageSize: 500, PageToken: token})
					return r.GetProxies(), r.GetNextPageToken(), err
				})
				if err != nil {
					return err
				}
				return out.proxies(list)
			})
		},
	})
}

func (p *printer) proxies(list []*pb.Proxy) error {
	rows := make([]row, len(list))
	for i, x := range list {
		shape, err := fields(x)
		if err != nil {
			return err
		}
		rows[i] = row{shape, []cell{text(x.GetProxy()), text(x.GetState()), text(x.GetAddress()), text(p.when(x.GetCreateTime().AsTime()))}}
	}
	return p.list(columns("PROXY", "STATE", "ADDRESS", "SINCE"), rows, "There are no proxies.")
}

func (a *app) proxyExport() *urfave.Command {
	return a.command(spec{
		name: "export", usage: "write the map of proxies as text",
		about: `Prints the whole map: server codes, then IDs with their state and address, as proxy import takes it. Keep a copy: what
people have stored of each other are these IDs.

Example:
  $P proxy export > SERVER.MAP`,
		flags: a.connection(),
		do: func(ctx context.Context, c *call) error {
			return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				stream, err := pb.NewSpoolServiceClient(conn).ExportProxies(ctx, &pb.ExportProxiesRequest{})
				for err == nil {
					var r *pb.ExportProxiesResponse
					if r, err = stream.Recv(); err == nil {
						_, err = c.streams.Out.Write(r.GetData())
					}
				}
				if errors.Is(err, io.EOF) {
					return nil
				}
				return err
			})
		},
	})
}

func (a *app) proxyImport() *urfave.Command {
	return a.command(spec{
		name: "import", usage: "take a map of proxies in", args: "FILE",
		about: `Adds what is new in a map and retires what it says is retired, all of it or, if a line cannot be taken, nothing. An ID
or a server code that is in use is never given to anybody else. - reads standard input. The file looks like this:

  SERVERS
  T6 Marketing
  IDS
  T60009HO live Harry Olson@Marketing
  T60010HO also Harry Olson@Marketing
  T60011XX retired Xaver Xylander@Marketing

Example:
  $P proxy import SERVER.MAP`,
		flags: a.connection(),
		do: func(ctx context.Context, c *call) error {
			data, err := c.messageFile(ctx, c.args[0])
			if err != nil {
				return err
			}
			return c.exchange(ctx, asOperator, func(ctx context.Context, out *printer, conn connection) error {
				done, err := importProxies(ctx, pb.NewSpoolServiceClient(conn), data)
				if err != nil {
					return err
				}
				if out.json() {
					shape, err := fields(done)
					if err != nil {
						return err
					}
					return out.value(shape)
				}
				return out.line("%d new server codes, %d new IDs, %d retired, %d known before",
					done.GetServerCount(), done.GetIdCount(), done.GetRetiredCount(), done.GetKnownCount())
			})
		},
	})
}

func importProxies(ctx context.Context, client pb.SpoolServiceClient, data []byte) (*pb.ImportProxiesResponse, error) {
	stream, err := client.ImportProxies(ctx)
	if err != nil {
		return nil, err
	}
	for len(data) > 0 {
		n := min(len(data), proxyPiece)
		if err := stream.Send(&pb.ImportProxiesRequest{Data: data[:n]}); err != nil {
			break // the answer says why
		}
		data = data[n:]
	}
	return stream.CloseAndRecv()
}
