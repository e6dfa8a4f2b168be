// Reads lifeboat's JSON with the types that tools for Terraform use, and says in JSON what they
// understood: `terraform-json plan|state|lines|validate|version < FILE`.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"

	tfjson "github.com/hashicorp/terraform-json"
)

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: terraform-json plan|state|lines|validate|version"))
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	said, err := read(os.Args[1], input)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func read(what string, input []byte) (any, error) {
	switch what {
	case "plan":
		var plan tfjson.Plan
		plan.UseJSONNumber(true)
		if err := json.Unmarshal(input, &plan); err != nil {
			return nil, err
		}
		return ofPlan(&plan), nil
	case "state":
		var state tfjson.State
		state.UseJSONNumber(true)
		if err := json.Unmarshal(input, &state); err != nil {
			return nil, err
		}
		return ofState(&state), nil
	case "validate":
		var said tfjson.ValidateOutput
		if err := json.Unmarshal(input, &said); err != nil {
			return nil, err
		}
		return said, nil
	case "version":
		var said tfjson.VersionOutput
		if err := json.Unmarshal(input, &said); err != nil {
			return nil, err
		}
		return said, nil
	case "lines":
		return ofLines(input)
	}
	return nil, fmt.Errorf("%q is no kind of output", what)
}

type change struct {
	Address  string `json:"address"`
	Previous string `json:"previous,omitempty"`
	Mode     string `json:"mode"`
	Type     string `json:"type"`
	Name     string `json:"name"`
	Index    any    `json:"index,omitempty"`
	Provider string `json:"provider"`
	Verb     string `json:"verb"`
	Reason   string `json:"reason,omitempty"`
	Import   string `json:"import,omitempty"`
	Before   any    `json:"before"`
	After    any    `json:"after"`
	Unknown  any    `json:"unknown"`
	Secret   any    `json:"secret"`
	Replace  []any  `json:"replace,omitempty"`
}

// verb asks the library what actions mean, as policies do.
func verb(actions tfjson.Actions) string {
	verbs := []struct {
		name string
		is   bool
	}{
		{"no-op", actions.NoOp()},
		{"create", actions.Create()},
		{"read", actions.Read()},
		{"update", actions.Update()},
		{"delete", actions.Delete()},
		{"destroy before create", actions.DestroyBeforeCreate()},
		{"create before destroy", actions.CreateBeforeDestroy()},
		{"forget", actions.Forget()},
	}
	said := ""
	for _, verb := range verbs {
		if verb.is {
			said += verb.name
		}
	}
	return said
}

func ofChange(one *tfjson.ResourceChange) change {
	said := change{
		Address:  one.Address,
		Previous: one.PreviousAddress,
		Mode:     string(one.Mode),
		Type:     one.Type,
		Name:     one.Name,
		Index:    one.Index,
		Provider: one.ProviderName,
		Verb:     verb(one.Change.Actions),
		Reason:   string(one.ActionReason),
		Before:   one.Change.Before,
		After:    one.Change.After,
		Unknown:  one.Change.AfterUnknown,
		Secret:   one.Change.AfterSensitive,
		Replace:  one.Change.ReplacePaths,
	}
	if one.Change.Importing != nil {
		said.Import = one.Change.Importing.ID
	}
	return said
}

func ofPlan(plan *tfjson.Plan) any {
	changes := func(all []*tfjson.ResourceChange) []change {
		said := []change{}
		for _, one := range all {
			said = append(said, ofChange(one))
		}
		return said
	}
	deferred := []any{}
	for _, one := range plan.DeferredChanges {
		deferred = append(deferred, map[string]any{
			"reason": one.Reason, "change": ofChange(one.ResourceChange),
		})
	}
	outputs := map[string]any{}
	for name, one := range plan.OutputChanges {
		outputs[name] = map[string]any{
			"verb": verb(one.Actions), "before": one.Before, "after": one.After,
			"secret": one.AfterSensitive, "unknown": one.AfterUnknown,
		}
	}
	variables := map[string]any{}
	for name, one := range plan.Variables {
		variables[name] = one.Value
	}
	checks := map[string]any{}
	for _, one := range plan.Checks {
		checks[one.Address.ToDisplay] = one.Status
	}
	declared := []string{}
	if plan.Config != nil && plan.Config.RootModule != nil {
		for _, one := range plan.Config.RootModule.Resources {
			declared = append(declared, one.Address)
		}
	}
	said := map[string]any{
		"format":    plan.FormatVersion,
		"terraform": plan.TerraformVersion,
		"complete":  plan.Complete,
		"variables": variables,
		"changes":   changes(plan.ResourceChanges),
		"drift":     changes(plan.ResourceDrift),
		"deferred":  deferred,
		"outputs":   outputs,
		"checks":    checks,
		"declared":  declared,
		"planned":   resources(plan.PlannedValues),
	}
	if plan.PriorState != nil {
		said["prior"] = resources(plan.PriorState.Values)
	}
	return said
}

// resources are those of all modules, by address.
func resources(values *tfjson.StateValues) map[string]any {
	said := map[string]any{}
	var walk func(module *tfjson.StateModule)
	walk = func(module *tfjson.StateModule) {
		for _, one := range module.Resources {
			said[one.Address] = map[string]any{
				"values": one.AttributeValues, "secret": one.SensitiveValues,
				"needs": one.DependsOn, "schema": one.SchemaVersion,
			}
		}
		for _, child := range module.ChildModules {
			walk(child)
		}
	}
	if values != nil && values.RootModule != nil {
		walk(values.RootModule)
	}
	return said
}

func ofState(state *tfjson.State) any {
	outputs := map[string]any{}
	if state.Values != nil {
		for name, one := range state.Values.Outputs {
			outputs[name] = map[string]any{
				"value": one.Value, "secret": one.Sensitive, "type": one.Type.FriendlyName(),
			}
		}
	}
	return map[string]any{
		"format":    state.FormatVersion,
		"terraform": state.TerraformVersion,
		"outputs":   outputs,
		"resources": resources(state.Values),
	}
}

// ofLines reads each line by its type; those that the library has no type for are counted.
func ofLines(input []byte) (any, error) {
	lines := bufio.NewScanner(bytes.NewReader(input))
	lines.Buffer(nil, 1<<24)
	said := []any{}
	unknown := map[string]int{}
	for lines.Scan() {
		message, err := tfjson.UnmarshalLogMessage(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("%w: %s", err, lines.Text())
		}
		one := map[string]any{"level": message.Level(), "message": message.Message()}
		if message.Timestamp().IsZero() {
			return nil, fmt.Errorf("a line without a time: %s", lines.Text())
		}
		switch message := message.(type) {
		case tfjson.VersionLogMessage:
			one["terraform"] = message.Terraform.String()
			one["ui"] = message.UI.String()
		case tfjson.DiagnosticLogMessage:
			one["diagnostic"] = message.Diagnostic
		case tfjson.UnknownLogMessage:
			var line struct {
				Type string `json:"type"`
			}
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				return nil, err
			}
			unknown[line.Type]++
			continue
		}
		said = append(said, one)
	}
	types := []string{}
	for name := range unknown {
		types = append(types, name)
	}
	sort.Strings(types)
	return map[string]any{"lines": said, "other_types": types}, lines.Err()
}
