package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lossatlas/activities/render/film"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/export"
	"lossatlas/workers/internal/session"
)

func exportFilmCommand(a *app.App) *cobra.Command {
	opt := picture.Options{DPI: 110}
	cmd := app.Command("film STEP... FILE", "Write a moving picture as GIF, animated PNG or MP4, by the end of the file's name (.gif, .png, .apng, .mp4)", cobra.MinimumNArgs(2),
		func(cmd *cobra.Command, args []string) error {
			last := len(args) - 1
			return exportFilm(cmd.Context(), a, args[:last], args[last], opt)
		})
	cmd.Long = cmd.Short + `.

One surface turns once; several surfaces over the same plane, as sweep/experiment/surface-train of several experiments or checkpoints, change into
each other on one scale: the frames in between are blends, not computed, and their titles say of which two. A path
(sweep/experiment/trajectory-path) grows from epoch to epoch. An MP4 is made by ffmpeg, which must be on the path.`
	flags := cmd.Flags()
	flags.StringVar(&opt.Title, "title", "", "`text` above the pictures (default: the step's name); of several surfaces, in front of what differs in their names")
	flags.StringVar(&opt.Scale, "scale", "", "scale of the loss: `name` linear, log or symlog (default: chosen from the data)")
	flags.Float64Var(&opt.Cut, "cut", 0, "largest `loss` that is shown")
	flags.StringVar(&opt.Colormap, "colormap", "", "`name` of the color map (default viridis)")
	flags.Float64Var(&opt.Width, "width", 0, "width in `inches` (default 6, of a path 8)")
	flags.IntVar(&opt.DPI, "dpi", opt.DPI, "`dots` per inch")
	return cmd
}

// filmFormats are the ways to write a film, by the end of the file's name.
var filmFormats = map[string]func(context.Context, film.Film) ([]byte, error){
	".gif":  func(ctx context.Context, f film.Film) ([]byte, error) { return f.GIF(ctx) },
	".png":  func(ctx context.Context, f film.Film) ([]byte, error) { return f.APNG(ctx) },
	".apng": func(ctx context.Context, f film.Film) ([]byte, error) { return f.APNG(ctx) },
	".mp4":  mp4,
}

func exportFilm(ctx context.Context, a *app.App, names []string, file string, opt picture.Options) (err error) {
	ext := strings.ToLower(filepath.Ext(file))
	write, ok := filmFormats[ext]
	if !ok {
		return exit.Usagef("%s: a film is written as .gif, .png, .apng or .mp4, by the end of the file's name, which is %q", file, filepath.Ext(file))
	}
	if _, err := opt.Filled(); err != nil {
		return exit.With(exit.Usage, err)
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if err := export.Check(path); err != nil { // drawing takes minutes
		return exit.With(exit.Usage, err)
	}
	s, err := a.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	f, err := filmOf(ctx, a, s, names, opt)
	if err != nil {
		return err
	}
	say := sayProgress(a)
	f.Progress = func(done, of int) { say("drew %d of %s", done, app.Count(of, "picture")) }
	b, err := write(ctx, f)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := export.WriteFile(path, b); err != nil {
		return err
	}
	a.Say("wrote %s (%s, %s)", path, lengthOf(f, ext), app.Size(int64(len(b))))
	return nil
}

// filmOf lays out the film of the named steps: of a path, or of one or several surfaces.
func filmOf(ctx context.Context, a *app.App, s *session.Session, names []string, opt picture.Options) (film.Film, error) {
	if opt.Title == "" && len(names) == 1 {
		opt.Title = names[0]
	}
	if len(names) == 1 {
		if stored, err := blob(ctx, a, s, names[0], pipelines.OutPath); err == nil {
			return pathFilm(ctx, a, s, stored, opt)
		}
	}
	opt.Width = cmp.Or(opt.Width, 6)
	var scenes []film.Scene
	for _, name := range names {
		stored, err := blob(ctx, a, s, name, pipelines.OutGrid)
		if unclear := (*results.NameError)(nil); errors.As(err, &unclear) {
			stored, err = surfaceNamed(ctx, a, s, name, len(unclear.Matches) > 0)
		}
		if missing := (*results.NameError)(nil); errors.As(err, &missing) && len(missing.Matches) == 0 {
			return film.Film{}, noSurface(ctx, a, s, name, err)
		}
		if err != nil {
			return film.Film{}, err
		}
		g, err := surface.DecodeNPZ(stored)
		if err != nil {
			return film.Film{}, fmt.Errorf("%s is no surface: %w", name, err)
		}
		if len(g.Y) < 2 {
			return film.Film{}, exit.Usagef("%s is a line: a film needs surfaces, or one path", name)
		}
		scenes = append(scenes, film.Scene{Title: name, Grid: *g})
	}
	opt.Meta = string(scenes[0].Grid.Meta)
	if len(scenes) == 1 {
		return film.Turn(scenes[0].Grid, opt)
	}
	return film.Morph(scenes, opt)
}

// surfaceNamed is the surface of a name that is not clear, or that nothing has, among lines as well; the error offers surfaces alone.
func surfaceNamed(ctx context.Context, a *app.App, s *session.Session, name string, matched bool) ([]byte, error) {
	roots, err := sweeps.Stored(ctx, a, s)
	if err != nil {
		return nil, err
	}
	d, err := results.Resolve(withoutLines(roots), name, pipelines.OutGrid)
	if none := (*results.NameError)(nil); errors.As(err, &none) && len(none.Matches) == 0 && matched {
		return nil, exit.Usagef("%s stands for lines alone: a film needs surfaces, or one path", name)
	}
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	return s.Store.Get(ctx, d)
}

// withoutLines are the sweeps without the steps that map lines.
func withoutLines(roots []artifacts.Root) []artifacts.Root {
	out := slices.Clone(roots)
	for i, r := range out {
		out[i].Steps = maps.Clone(r.Steps)
		maps.DeleteFunc(out[i].Steps, func(_ string, s artifacts.RootStep) bool { return s.Kind == string(pipelines.KindLine) })
	}
	return out
}

// noSurface is the error for a name that no surface has: err, unless it is the name of paths.
func noSurface(ctx context.Context, a *app.App, s *session.Session, name string, err error) error {
	_, pathErr := blob(ctx, a, s, name, pipelines.OutPath)
	if pathErr == nil {
		return exit.Usagef("%s is a path: a film shows one path, or one or several surfaces", name)
	}
	if paths := (*results.NameError)(nil); errors.As(pathErr, &paths) && len(paths.Matches) > 0 {
		return pathErr
	}
	return err
}

// pathFilm is the film of a path over the surface around it.
func pathFilm(ctx context.Context, a *app.App, s *session.Session, stored []byte, opt picture.Options) (film.Film, error) {
	path, err := trajectory.DecodePath(stored)
	if err != nil {
		return film.Film{}, err
	}
	around, err := surfaceAround(ctx, a, s, stored)
	if err != nil {
		return film.Film{}, err
	}
	if around == nil {
		return film.Film{}, errors.New("the surface around this path has no result yet: a film of a path needs it")
	}
	g, err := surface.DecodeNPZ(around)
	if err != nil {
		return film.Film{}, err
	}
	opt.Meta = string(g.Meta)
	return film.Path(*path, *g, nil, opt)
}

// rate is the frames per second of an MP4.
const rate = 25

// shown is in how many frames of an MP4 a picture is.
func shown(delay int) int { return max(1, delay*rate/100) }

// lengthOf is how long a film is in a format: "96 frames, 9.5 s", or "343 frames of 96 pictures, 13.7 s" where pictures are repeated.
func lengthOf(f film.Film, ext string) string {
	if ext != ".mp4" {
		total := 0
		for _, delay := range f.Delays {
			total += delay
		}
		return fmt.Sprintf("%s, %.1f s", app.Count(len(f.Frames), "frame"), float64(total)/100)
	}
	frames := 0
	for _, delay := range f.Delays {
		frames += shown(delay)
	}
	out := app.Count(frames, "frame")
	if frames != len(f.Frames) {
		out += " of " + app.Count(len(f.Frames), "picture")
	}
	return fmt.Sprintf("%s, %.1f s", out, float64(frames)/rate)
}

// mp4 has ffmpeg make the film, in the form that most programs and browsers play.
func mp4(ctx context.Context, f film.Film) ([]byte, error) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, exit.Usagef("an MP4 needs ffmpeg, which is not on the path: install it, or write a .gif or .png")
	}
	frames, err := f.PNGs(ctx)
	if err != nil {
		return nil, err
	}
	var in bytes.Buffer
	for i, frame := range frames {
		for range shown(f.Delays[i]) {
			in.Write(frame)
		}
	}
	dir, err := os.MkdirTemp("", "lossatlas-film-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "film.mp4")
	cmd := exec.CommandContext(ctx, ffmpeg, "-loglevel", "error", "-f", "image2pipe", "-framerate", fmt.Sprint(rate), "-c:v", "png", "-i", "-",
		"-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart", out)
	cmd.Stdin = &in
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("ffmpeg: %w: %s", err, bytes.TrimSpace(said))
	}
	return os.ReadFile(out)
}
