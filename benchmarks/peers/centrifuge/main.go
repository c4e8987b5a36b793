// The Go engine of Centrifugo: memory broker, JSON, one server-side subscription for everybody.
//
//	centrifuge PORT CONTROL_PORT
//
// The lines of the control connection are described in benchmarks/load/main.c; a push has no
// acknowledgement in its protocol, and nothing goes to single clients here.
package main

import (
	"bufio"
	"bytes"
	"context"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/centrifugal/centrifuge"
)

const channel = "all"

func serveControl(node *centrifuge.Node, connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReader(connection)
	for {
		line, err := reader.ReadBytes('\n')
		if err != nil {
			return
		}
		fields := bytes.SplitN(bytes.TrimSuffix(line, []byte("\n")), []byte(" "), 4)
		if len(fields) != 4 || string(fields[0]) != "b" {
			log.Fatalf("not for this peer: %q", line)
		}
		count, err := strconv.Atoi(string(fields[1]))
		if err != nil {
			log.Fatal(err)
		}
		for range count {
			if _, err := node.Publish(channel, fields[3]); err != nil {
				log.Fatal(err)
			}
		}
	}
}

func main() {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		log.Fatal(err)
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{},
			Subscriptions: map[string]centrifuge.SubscribeOptions{channel: {}},
		}, nil
	})
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	control, err := net.Listen("tcp", "127.0.0.1:"+os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		for {
			connection, err := control.Accept()
			if err != nil {
				return
			}
			go serveControl(node, connection)
		}
	}()
	http.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
