// Reads a log as C2SP tlog-tiles from a folder and checks it with Go's own x/mod/sumdb code, which
// shares nothing with ours: the note's signature, every entry against its tile, and consistency.
//
// Usage: verify FOLDER VKEY [OLD_CHECKPOINT_FILE]
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"henvend.example/verify/note"
	"henvend.example/verify/tlog"
)

func fail(err error) {
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
}

func open(file string, verifier note.Verifier) tlog.Tree {
	raw, err := os.ReadFile(file)
	fail(err)
	signed, err := note.Open(raw, note.VerifierList(verifier))
	fail(err)
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		fail(fmt.Errorf("not a checkpoint of %s", verifier.Name()))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	fail(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	fail(err)
	var hash tlog.Hash
	copy(hash[:], root)
	return tlog.Tree{N: size, Hash: hash}
}

type folder string

func (f folder) Height() int { return 8 }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		// Go's path is tile/8/L/N; C2SP leaves the height out.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func (f folder) entries(size int64) [][]byte {
	var entries [][]byte
	for n := int64(0); n*256 < size; n++ {
		tile := tlog.Tile{H: 8, L: 0, N: n, W: int(min(256, size-n*256))}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(string(f), path))
		fail(err)
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			entries = append(entries, data[2:2+length])
			data = data[2+length:]
		}
	}
	return entries
}

func main() {
	where := folder(os.Args[1])
	verifier, err := note.NewVerifier(os.Args[2])
	fail(err)
	tree := open(filepath.Join(os.Args[1], "checkpoint"), verifier)
	reader := tlog.TileHashReader(tree, where)
	entries := where.entries(tree.N)
	if int64(len(entries)) != tree.N {
		fail(fmt.Errorf("%d entries, %d signed", len(entries), tree.N))
	}
	for index, entry := range entries {
		proof, err := tlog.ProveRecord(tree.N, int64(index), reader)
		fail(err)
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(index), tlog.RecordHash(entry)); err != nil {
			fail(fmt.Errorf("entry %d: %w", index, err))
		}
	}
	if len(os.Args) > 3 {
		old := open(os.Args[3], verifier)
		proof, err := tlog.ProveTree(tree.N, old.N, reader)
		fail(err)
		fail(tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash))
	}
	fmt.Printf("accepted %d\n", tree.N)
}
