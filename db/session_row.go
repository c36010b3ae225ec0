package db

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

type sessionRow struct {
	ID             int64     `db:"id"`
	UID            string    `db:"uid"`
	Name           string    `db:"name"`
	Status         string    `db:"status"`
	Server         string    `db:"server"`
	ServerIdentity string    `db:"server_identity"`
	TmuxID         string    `db:"tmux_id"`
	Command        string    `db:"command"`
	Cwd            string    `db:"cwd"`
	Width          int       `db:"width"`
	Height         int       `db:"height"`
	KeepAfterExit  bool      `db:"keep_after_exit"`
	Labels         string    `db:"labels"`
	CreateTime     time.Time `db:"create_time"`
	ModifyTime     time.Time `db:"modify_time"`
	UserID         int64     `db:"user_id"`
	UserName       string    `db:"user_name"`
	UserAdmin      bool      `db:"user_admin"`
	UserCreateTime time.Time `db:"user_create_time"`
}

const selectSession = `SELECT s.id, s.uid, s.name, s.status, s.server, s.server_identity, s.tmux_id,
	s.command, s.cwd, s.width, s.height, s.keep_after_exit, s.labels, s.create_time, s.modify_time,
	u.id AS user_id, u.name AS user_name, u.admin AS user_admin, u.create_time AS user_create_time
	FROM sessions s JOIN users u ON u.id = s.user_id `

func getSession(ctx context.Context, q queryer, where string, arg any) (Session, error) {
	var row sessionRow
	if err := q.GetContext(ctx, &row, selectSession+"WHERE "+where, arg); err != nil {
		return Session{}, err
	}
	return row.session()
}

func (r sessionRow) insert(ctx context.Context, q queryer) (id int64, err error) {
	if err := storable(r.UID, r.Name, r.Server, r.ServerIdentity, r.TmuxID, r.Cwd, r.Labels); err != nil {
		return 0, err
	}
	err = q.GetContext(ctx, &id, `INSERT INTO sessions (uid, user_id, name, status, server, server_identity, tmux_id,
		command, cwd, width, height, keep_after_exit, labels, create_time, modify_time)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id`,
		r.UID, r.UserID, r.Name, r.Status, r.Server, r.ServerIdentity, r.TmuxID,
		r.Command, r.Cwd, r.Width, r.Height, r.KeepAfterExit, r.Labels, r.CreateTime, r.ModifyTime)
	return id, err
}

func (r sessionRow) session() (Session, error) {
	s := Session{
		ID: r.ID, UID: r.UID, Name: r.Name, Status: r.Status,
		User:   User{ID: r.UserID, Name: r.UserName, Admin: r.UserAdmin, CreateTime: r.UserCreateTime.UTC()},
		Server: r.Server, ServerIdentity: r.ServerIdentity, TmuxID: r.TmuxID,
		Cwd: r.Cwd, Width: r.Width, Height: r.Height, KeepAfterExit: r.KeepAfterExit,
		CreateTime: r.CreateTime.UTC(), ModifyTime: r.ModifyTime.UTC(),
	}
	if err := json.Unmarshal([]byte(r.Command), &s.Command); err != nil {
		return Session{}, fmt.Errorf("command of session %d: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.Labels), &s.Labels); err != nil {
		return Session{}, fmt.Errorf("labels of session %d: %w", r.ID, err)
	}
	return s, nil
}

// labelsText is "null" for no labels, so that nil comes back as nil.
func labelsText(labels map[string]string) string {
	if len(labels) == 0 {
		return "null"
	}
	text, err := json.Marshal(labels)
	if err != nil {
		panic("db: a map of strings has no JSON: " + err.Error())
	}
	return string(text)
}

// commandText is "null" for no command, so that nil comes back as nil.
func commandText(command []string) string {
	if len(command) == 0 {
		return "null"
	}
	text, err := json.Marshal(command)
	if err != nil {
		panic("db: a []string has no JSON: " + err.Error())
	}
	return string(text)
}
