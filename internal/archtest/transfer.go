package archtest

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// wholesale is the field of the contract's Store behind which records are written by no rule and with no entry of the log, and
// wholesaleRooms are those that may reach for it: the move to another store, and the program that tells whether one is under way.
const wholesale = "Transfer"

var wholesaleRooms = []string{"internal/migration", "cmd/orgd"}

// checkTransfer finds the uses of the store as it is outside the rooms that may use it. All that is behind the field is reached
// through it: nothing else hands it out.
func checkTransfer(h *house, contract string) []Violation {
	if len(h.folders[contract]) == 0 {
		return nil
	}
	check := newChecker(h)
	var found []Violation
	for _, folder := range h.sorted() {
		if slices.Contains(wholesaleRooms, folder) || folder == contract || strings.HasPrefix(folder, contract+"/") {
			continue
		}
		for expr, selected := range check.room(folder).info.Selections {
			field, ok := selected.Obj().(*types.Var)
			if !ok || field.Name() != wholesale || field.Pkg() != check.room(contract).pkg {
				continue
			}
			found = append(found, Violation{TransferApart, h.where(expr.Sel.Pos()), fmt.Sprintf(
				"%s must not use the store's %s, which writes by no rule and leaves no entry of the log; only %s may",
				folder, wholesale, strings.Join(wholesaleRooms, " and "))})
		}
	}
	return found
}
